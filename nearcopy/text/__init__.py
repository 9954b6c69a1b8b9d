"""From a text as it was sent to paragraphs and folded words, with offsets into the original."""
