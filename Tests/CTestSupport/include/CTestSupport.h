/* Importing nothing: that this is linked has its effect, see signals.c. */
