"""What can be verified about who sent a mail. Plain values; JSON-friendly."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

Verdict = Literal["pass", "fail", "none", "neutral", "softfail", "temperror", "permerror"]


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Signature(_Value):
    """One DKIM signature. `reason` says why it does not count."""

    domain: str
    verdict: Verdict
    reason: str = ""


class Authenticity(_Value):
    """The verdicts on one mail.

    `aligned` is the domain of From when a passing DKIM signature or SPF speaks for it, else ''; `google` tells that Google's
    calendar itself signed the mail; `faults` are header tricks, any of which voids all signatures. `vouched` says who
    answers for the sender where there was no mail to verify.
    """

    from_domain: str = ""
    signatures: tuple[Signature, ...] = ()
    spf: Verdict = "none"
    spf_domain: str = ""
    dmarc: Verdict = "none"
    aligned: str = ""
    google: bool = False
    faults: tuple[str, ...] = ()
    vouched: str = ""

    @property
    def dkim(self) -> Verdict:
        """The best verdict of all signatures."""
        verdicts = {one.verdict for one in self.signatures}
        order: tuple[Verdict, ...] = ("pass", "temperror", "permerror", "fail")
        return next((one for one in order if one in verdicts), "none")

    @property
    def unsettled(self) -> bool:
        """Whether the name service kept the verdict from being known; another look may tell more."""
        return not self.aligned and not self.google and "temperror" in (self.dkim, self.spf, self.dmarc)
