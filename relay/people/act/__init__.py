"""What the people room writes: hand-over files, PaperCut's accounts and groups, PINs, the print script."""
