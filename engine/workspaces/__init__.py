"""What people make, and who they are: dashboards; accounts, members, keys, the audit log."""
