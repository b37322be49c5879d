"""Where runs are made: in children of the operator, or in Jobs of the cluster; and what they are given as files."""
