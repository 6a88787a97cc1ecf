"""What `ned` exchanges with other tools: expression over time as CSV."""
