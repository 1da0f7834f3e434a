"""Where the rows of datasets lie: folders laid out like the hub's repositories, with a manifest."""
