"""Reading untrusted image layers in a child process."""
