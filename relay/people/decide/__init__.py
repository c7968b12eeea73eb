"""What becomes of people, groups and accounts: values in, values out. Pure."""
