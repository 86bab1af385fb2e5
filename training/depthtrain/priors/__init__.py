"""Prior fusion (RPrDepth): reference sets made by the teacher, the fusion module, its losses, selection, the bank file."""
