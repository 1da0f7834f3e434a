"""The CI platforms that the matrix can be written for."""

from harness.matrix.ci.buildkite import BUILDKITE
from harness.matrix.ci.github import GITHUB
from harness.matrix.ci.gitlab import GITLAB

PLATFORMS = {platform.id: platform for platform in (GITHUB, GITLAB, BUILDKITE)}
"""By id."""
