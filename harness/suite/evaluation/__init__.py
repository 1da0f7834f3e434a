"""How good is it? Models asked what datasets ask, and their answers scored."""
