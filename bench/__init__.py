"""Speed, memory and accuracy, each beside a peer in the same run; README.md lists the commands."""
