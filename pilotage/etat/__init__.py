"""What an operator sees: the state of the warehouse read, judged, shown, and given to monitoring."""
