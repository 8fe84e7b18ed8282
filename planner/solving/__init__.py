"""How a problem is solved: methods, the checker, and the judging of what they found."""
