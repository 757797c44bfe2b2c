"""What people make and who they are: kept in the metadata database."""
