"""Getting an account, and proving that an address is one's own: everything that goes through a mail with a proof."""

import asyncio
import secrets
from datetime import timedelta

from sqlmodel import Session

from agent.errors import Conflict, Denied, Invalid
from agent.lifecycle import outbox
from agent.lifecycle.house import House
from agent.lifecycle.people.accounts import plain_address
from agent.lifecycle.people.hashing import Hashing
from agent.lifecycle.people.identity import Caller, Identity, Tokens
from agent.lifecycle.people.lockouts import has_room
from agent.model.account import Principal
from agent.model.letter import NoticeLetter
from agent.model.tables import MailedToken, User
from agent.rules import lockout, passwords, tokens
from agent.store import identity

VERIFY, RESET, INVITE = "verify", "reset", "invite"
LIVES = {VERIFY: timedelta(days=3), RESET: timedelta(hours=1), INVITE: timedelta(days=14)}
FORGOT_SECONDS = 0.3  # several times what writing the mail takes
NO_SUCH_MAKER = (
    "This is not the password of the account. If somebody else made it, do nothing: it gets nothing of yours."
)
STALE = "This proof is not good, or not good any more; ask for a new mail."


class Enrolment:
    """Registration, invitations, confirmed addresses, forgotten passwords."""

    def __init__(self, house: House, hashing: Hashing, signing: Identity) -> None:
        self.house = house
        self.hashing = hashing
        self.signing = signing

    async def register(
        self, email: str, password: str, name: str, caller: Caller, *, invite: str = ""
    ) -> Tokens:
        """Make an account and sign it in. The address counts as its own once the mail to it was answered.

        An address that has an account gives the same answer; only the mail to it differs.
        Raises `Denied` where registration is closed or needs an invite, `Invalid` for a poor password.
        """
        address = plain_address(email)
        await asyncio.to_thread(self.signing.lockouts.spend, (lockout.REGISTER_OF_ADDRESS, caller.address))
        self._admit(invite)
        passwords.check(password, email=address)
        made = await self.hashing.make(password)
        user = await asyncio.to_thread(self._enrol, address, made, name, invite)
        return await self.signing.sign_in(user, caller)

    def _admit(self, invite: str) -> None:
        mode = self.house.habits.registration
        if mode == "closed":
            raise Denied("Registration is closed here; ask the operator for an account.")
        if mode == "invite" and not invite:
            raise Denied("Registration needs an invite; ask the operator for one.")

    def _enrol(self, address: str, password_hash: str, name: str, invite: str) -> User:
        now = self.house.now()
        with self.house.database.write() as session:
            owner, _ = identity.claimants(session, address)
            user = User(email=address, name=name, password_hash=password_hash, created_at=now)
            if invite:
                self._use(session, invite, INVITE, address)
                if owner is not None:
                    raise Conflict("This address has an account already; sign in.")
                user.verified_at = now
            session.add(user)
            session.flush()
            if invite:
                identity.adopt_jobs(session, user)
            elif owner is None:
                self._mail_proof(session, user)
            else:
                self._mail_owner(session, owner)
            return user

    async def ask_again(self, by: Principal) -> None:
        """Mail the proof of the address once more. Raises `Conflict` when it is confirmed."""
        user = await self.signing.me(by)

        def again() -> None:
            if user.verified_at is not None:
                raise Conflict("The address is confirmed already.")
            with self.house.database.write() as session:
                owner, _ = identity.claimants(session, user.email)
                if owner is None:
                    self._mail_proof(session, user)

        await asyncio.to_thread(again)

    async def confirm(self, proof: str, password: str) -> User:
        """Take a mailed proof: the address is its account's own now, with the meetings it was invited to.

        Who reads the mail need not be who made the account, and would hand their meetings over; so the account's `password`
        is asked for. Raises `Invalid` for a stale proof or another password, `TooMany` after too many of them.
        """
        password_hash = await asyncio.to_thread(self._password_of, proof)
        await asyncio.to_thread(self.signing.lockouts.spend, (lockout.PROOF_PASSWORD, tokens.digest(proof)))
        if not await self.hashing.matches(password, password_hash):
            raise Invalid(NO_SUCH_MAKER)

        def take() -> User:
            now = self.house.now()
            with self.house.database.write() as session:
                mailed = self._use(session, proof, VERIFY)
                user = session.get(User, mailed.user_id or 0)
                owner, _ = identity.claimants(session, mailed.email)
                if user is None or user.disabled or (owner is not None and owner.id != user.id):
                    raise Invalid(STALE)
                user.verified_at = user.verified_at or now
                session.add(user)
                session.flush()
                identity.adopt_jobs(session, user)
                return user

        return await asyncio.to_thread(take)

    def _password_of(self, proof: str) -> str:
        """Return the hash of the password of the account that a proof is for."""
        with self.house.database.write() as session:
            mailed = identity.mailed_token(session, tokens.digest(proof), VERIFY, self.house.now())
            user = session.get(User, mailed.user_id or 0) if mailed else None
            if user is None:
                raise Invalid(STALE)
            return user.password_hash

    async def invite(self, by: Principal, email: str) -> None:
        """Let an operator invite somebody by mail."""
        if not by.is_operator:
            raise Denied("Only operators may invite.")
        address = plain_address(email)

        def send() -> None:
            with self.house.database.write() as session:
                if identity.owner_of(session, address):
                    raise Conflict(f"{address} has an account already.")
                link = self._proof(session, INVITE, address, None)
                text = f"{by.email or 'The operator'} invites you to {self.house.habits.bot_name}."
                self._mail(session, address, "Your invitation", (text,), "Make your account", link)

        await asyncio.to_thread(send)

    async def forgot(self, email: str) -> None:
        """Mail a way to a new password, if the address has an account; whoever asks learns nothing."""

        def send() -> None:
            with self.house.database.write() as session:
                owner, _ = identity.claimants(session, email.strip().lower())
                if owner is not None and not owner.disabled and self._may_mail(session, owner.email):
                    link = self._proof(session, RESET, owner.email, owner.id)
                    text = (
                        "Somebody asked for a new password for this address. If it was not you, do nothing."
                    )
                    self._mail(session, owner.email, "A new password", (text,), "Choose a new password", link)

        # Written or not, the answer comes after the same while: its time would tell who has an account.
        await asyncio.gather(asyncio.to_thread(send), self.house.clock.sleep(FORGOT_SECONDS))

    async def reset(self, proof: str, password: str) -> None:
        """Set a new password by a mailed proof; every sign-in ends."""
        passwords.check(password)
        made = await self.hashing.make(password)

        def keep() -> None:
            with self.house.database.write() as session:
                mailed = self._use(session, proof, RESET)
                user = session.get(User, mailed.user_id or 0)
                if user is None or user.disabled:
                    raise Invalid(STALE)
                user.password_hash = made
                session.add(user)
                identity.end_sign_ins(session, user.id or 0, self.house.now(), "the password was reset")

        await asyncio.to_thread(keep)

    def _use(self, session: Session, proof: str, purpose: str, email: str = "") -> MailedToken:
        now = self.house.now()
        found = identity.mailed_token(session, tokens.digest(proof), purpose, now)
        if found is None or (email and found.email != email):
            raise Invalid(STALE)
        found.used_at = now
        session.add(found)
        return found

    def _proof(self, session: Session, purpose: str, email: str, user_id: int | None) -> str:
        """Keep a fresh proof and return the link that carries it."""
        text, now = secrets.token_urlsafe(32), self.house.now()
        session.add(
            MailedToken(
                hash=tokens.digest(text),
                purpose=purpose,
                email=email,
                user_id=user_id,
                created_at=now,
                expires_at=now + LIVES[purpose],
            )
        )
        return f"{self.house.habits.public_url}/proof/{purpose}?token={text}"

    def _mail_proof(self, session: Session, user: User) -> None:
        if self._may_mail(session, user.email):
            link = self._proof(session, VERIFY, user.email, user.id)
            text = (
                "An account was made with this address. If it was you, confirm it with the password that you chose: "
                "it then sees every meeting to which this address invited the bot. Otherwise do nothing."
            )
            self._mail(session, user.email, "Confirm your address", (text,), "Confirm this address", link)

    def _mail_owner(self, session: Session, owner: User) -> None:
        if self._may_mail(session, owner.email):
            text = "Somebody tried to register with this address, which has an account already."
            hint = "If it was you, sign in with the password you have, or ask for a new one. Otherwise do nothing."
            self._mail(session, owner.email, "You have an account already", (text, hint), "", "")

    def _may_mail(self, session: Session, address: str) -> bool:
        return has_room(session, self.house, lockout.MAIL_TO_ACCOUNT, address)

    def _mail(
        self, session: Session, address: str, subject: str, text: tuple[str, ...], label: str, link: str
    ) -> None:
        letter = NoticeLetter(
            message_id=outbox.message_id(self.house.habits.bot_email),
            recipient=address,
            subject=subject,
            paragraphs=text,
            links=((label, link),) if link else (),
        )
        outbox.queue_mail(
            session,
            self.house.engine,
            self.house.letters.notice(letter),
            self.house.now(),
            key=f"account:{letter.message_id}",
            event="account",
            subject=subject,
        )
