"""One audit: what is asked, what is found, and where the results lie."""
