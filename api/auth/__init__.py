"""Who somebody is, what they may do and see."""
