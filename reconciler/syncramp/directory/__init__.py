"""Active Directory as a target: everything that looks at it as one, and that changes it."""
