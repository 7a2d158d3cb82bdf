"""How a good user of each library would write the tasks: fast, honest about what it cannot do, one core."""
