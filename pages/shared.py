"""What a share link shows, whoever looks at it: read-only, and in the link's own scope."""

from pages.ui import shared

shared.show()
