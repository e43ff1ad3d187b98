"""What slurmrestd says, in the words of the models that the command-line readers give."""
