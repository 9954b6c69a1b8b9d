"""Verified pairs and clusters of a whole archive, from files or from what a collection holds.

    sign      a block of the archive -> word hashes, document bands, what is told of them    `signing`
    number    all ids -> a number for each document; repeated ids go                         `numbering`
    meet      some bands -> documents that share a bucket                                    `pairing`
              paragraphs that stand in many documents                                        `boilerplate`
    compare   some documents -> their verified pairs                                         `pairing`
    judge     which of these paragraphs are common, in documents of pairs                    `boilerplate`
    strip     which pairs still are without them                                             `boilerplate`
    group     all pairs -> clusters and their originals                                  `nearcopy.clusters`
    write     tables and a summary                                                           `output`

All but the last two are functions over files in a folder that run on any executor, under the journal of a
rebuild (`worker.rebuild.journal`): a second run over the same archives goes on where the first was killed.
"""

from worker.clusters.stages import Found, find, identity

__all__ = ["Found", "find", "identity"]
