from customers.normalisation import InvalidContact
from customers.normalisation import check_email as normalise_email
from customers.normalisation import check_phone as normalise_phone

__all__ = ["InvalidContact", "normalise_email", "normalise_phone"]
