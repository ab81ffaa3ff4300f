import jiwer
from whisper_normalizer.english import EnglishTextNormalizer


def word_error_rate(reference: str, hypothesis: str) -> float:
    """Errors a reference word, both put through Whisper's English normaliser."""
    normal = EnglishTextNormalizer()
    return float(jiwer.wer(normal(reference), normal(hypothesis) or "-"))
