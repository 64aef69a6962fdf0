"""Derived processes: what one dossier cannot know alone, read over the dossiers of one person."""
