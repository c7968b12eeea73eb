"""Where jobs come from: print logs, daily CSV files, PaperCut's external database."""
