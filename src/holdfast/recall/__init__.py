"""Finding: a question in, ranked messages and memories out, each with its reasons.

Pure and without a model. Importing this package is cheap; `holdfast.recall.ranking` imports numpy.
"""

from holdfast.recall.asking import Ask, Include, Ranked, Reason
from holdfast.recall.snippets import Snippet, snippet

__all__ = ["Ask", "Include", "Ranked", "Reason", "Snippet", "snippet"]
