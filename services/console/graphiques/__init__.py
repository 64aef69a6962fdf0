"""Charts as SVG, drawn by pure functions: colours are classes of the stylesheet, so that no style is inline."""
