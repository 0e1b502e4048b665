"""On-site and door service: booking, moving, serving, reminding."""

from tickets.services.appointments.booking import book, cancel, move
from tickets.services.appointments.serving import reveal_address, serve, signature_of

__all__ = ["book", "cancel", "move", "reveal_address", "serve", "signature_of"]
