"""Why an object is in the cloud as it is, or is not: from the store and the document, and from nothing else."""
