"""Files become text: plain text, HTML pages, Word documents and PDFs, told apart by their content.

Hostile files make these libraries run for ever, eat all memory or crash: whoever reads files of strangers
does it in a process that can be killed.
"""
