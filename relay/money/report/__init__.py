"""What is told: answers, status, the four equations."""
