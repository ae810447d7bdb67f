"""What leaves the house: letters by mail and signed notices by webhook."""
