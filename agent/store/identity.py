"""Named queries about sign-ins, their tokens, mailed proofs and counted failures."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from agent.model.tables import ApiKey, Job, MailedToken, RefreshToken, SignIn, Strike, User


def claimants(session: Session, email: str) -> tuple[User | None, User | None]:
    """Return who owns an address, and who claimed it last without having proved it."""
    found = session.exec(
        select(User).where(User.email == email).order_by(col(User.id).desc()).limit(50)
    ).all()
    owner = next((user for user in found if user.verified_at is not None), None)
    return owner, next((user for user in found if user.verified_at is None), None)


def owner_of(session: Session, email: str) -> int | None:
    """Return the number of the user who proved an address."""
    if not email:
        return None
    wanted = select(User.id).where(User.email == email, col(User.verified_at).is_not(None))
    return session.exec(wanted).first()


def adopt_jobs(session: Session, user: User) -> int:
    """Give a user the meetings that their address was invited to before; return how many."""
    adopted = sa.update(Job).where(col(Job.user_id).is_(None), col(Job.inviter) == user.email)
    done = session.execute(adopted.values(user_id=user.id))
    return int(done.rowcount or 0)  # type: ignore[attr-defined]


def signed_in(session: Session, sign_in_id: str) -> tuple[SignIn, User] | None:
    """Return a sign-in with its person."""
    return session.exec(
        select(SignIn, User).where(SignIn.id == sign_in_id, SignIn.user_id == User.id)
    ).first()


def refresh_token(session: Session, digest: str) -> RefreshToken | None:
    """Return a refresh token by its digest."""
    return session.get(RefreshToken, digest, with_for_update=True)


def end_sign_ins(session: Session, user_id: int, now: datetime, why: str, *, but: str = "") -> None:
    """End every sign-in of a user, except one."""
    live = sa.update(SignIn).where(
        col(SignIn.user_id) == user_id, col(SignIn.ended_at).is_(None), col(SignIn.id) != but
    )
    session.execute(live.values(ended_at=now, ended_why=why))


def mailed_token(session: Session, digest: str, purpose: str, now: datetime) -> MailedToken | None:
    """Return a mailed proof that is still good."""
    found = session.get(MailedToken, digest, with_for_update=True)
    if found is None or found.purpose != purpose or found.used_at is not None or found.expires_at <= now:
        return None
    return found


def strike(session: Session, key: str) -> Strike | None:
    """Return what was counted under a key."""
    return session.get(Strike, key, with_for_update=True)


def api_key(session: Session, key_id: int) -> ApiKey | None:
    """Return an API key."""
    return session.get(ApiKey, key_id)


def forget_stale(session: Session, before: datetime) -> int:
    """Delete sign-ins, proofs and counts that ended before; return how many sign-ins."""
    stale = select(SignIn.id).where(sa.or_(col(SignIn.expires_at) < before, col(SignIn.ended_at) < before))
    session.execute(sa.delete(RefreshToken).where(col(RefreshToken.sign_in_id).in_(stale)))
    gone = session.execute(
        sa.delete(SignIn).where(sa.or_(col(SignIn.expires_at) < before, col(SignIn.ended_at) < before))
    )
    session.execute(sa.delete(MailedToken).where(col(MailedToken.expires_at) < before))
    session.execute(sa.delete(Strike).where(col(Strike.since) < before))
    return int(gone.rowcount or 0)  # type: ignore[attr-defined]
