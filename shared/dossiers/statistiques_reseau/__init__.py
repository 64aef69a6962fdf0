"""Statistics of the whole network read from its cells: each module reads, computes and gives plain documents."""
