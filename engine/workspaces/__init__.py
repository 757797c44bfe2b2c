"""What people make: dashboards, their widgets, revisions and drafts."""
