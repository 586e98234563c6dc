"""Networks of other libraries and files, brought in as they compute, each checked against its source."""
