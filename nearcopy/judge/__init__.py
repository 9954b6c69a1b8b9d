"""From aligned candidates to a report: common paragraphs, sources, who was first, the verdict."""
