"""What stands in a cluster's API: its names, the calls that are made to it, and the rights for them."""
