"""What ran when: the charts of steps and lanes, and how their bars are drawn."""
