"""The life of a job, and the only writer of its state: what comes in, the call, what is made of it, what goes out."""
