"""WHAT, given a circuit: the gates that its neurons can be read as."""
