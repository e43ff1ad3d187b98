"""What the command lines of the programs have in common."""
