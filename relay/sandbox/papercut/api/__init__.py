"""PaperCut's web-services methods, one module per area; `registry` knows them all."""
