"""What is known of a ticket, in one fixed form: conversation, order, logistics."""

import json
from datetime import UTC, datetime
from typing import Any

from core.language import mask_text
from core.privacy import mask_address, mask_name, mask_phone
from customers.models import Order, Shipment
from tickets.models import Ticket


def moment(at: datetime | None) -> str | None:
    return at.astimezone(UTC).isoformat() if at is not None else None


def written(value: Any) -> str:
    """The one form that is hashed: sorted keys, nothing escaped."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, indent=1)


def conversation(ticket: Ticket, *, masked: bool = False) -> dict[str, Any]:
    """Every message as it stands, notes included: who, when, what, and the hashes of its files."""
    rows = ticket.messages.order_by("created_at", "id").select_related("author").prefetch_related("attachments")
    said = [
        {
            "id": row.pk,
            "kind": row.kind,
            "author": row.author.name if row.author else None,
            "at": moment(row.created_at),
            "body": mask_text(row.body) if masked else row.body,
            "files": [{"name": file.name, "sha256": file.sha256} for file in row.attachments.all()],
        }
        for row in rows
    ]
    name = ticket.customer.name
    return {
        "ticket": ticket.number,
        "subject": mask_text(ticket.subject) if masked else ticket.subject,
        "customer": mask_name(name) if masked and name else name,
        "channel": ticket.channel.name,
        "created_at": moment(ticket.created_at),
        "messages": said,
    }


def order_of(ticket: Ticket) -> Order | None:
    """The order the ticket names, if it is the customer's own."""
    if not ticket.order_no:
        return None
    rows = Order.objects.filter(customer=ticket.customer_id, order_no=ticket.order_no)
    return rows.select_related("shop").prefetch_related("items").first()


def order(ticket: Ticket, *, masked: bool = False) -> dict[str, Any] | None:
    """The order with its goods, sums and receiver; None when the ticket names none."""
    row = order_of(ticket)
    if row is None:
        return None
    receiver = {"name": row.receiver_name, "phone": row.receiver_phone, "address": row.receiver_address}
    if masked:
        masks = {"name": mask_name, "phone": mask_phone, "address": mask_address}
        receiver = {key: masks[key](value) if value else "" for key, value in receiver.items()}
    return {
        "order_no": row.order_no,
        "shop": row.shop.name,
        "status": row.status,
        "ordered_at": moment(row.ordered_at),
        "paid_at": moment(row.paid_at),
        "total": str(row.total),
        "paid": str(row.paid),
        "currency": row.currency,
        "receiver": receiver,
        "items": [
            {"sku": item.sku, "name": item.name, "quantity": item.quantity, "price": str(item.price),
             "batch": item.batch}
            for item in row.items.all()
        ],
    }  # fmt: skip


def logistics(ticket: Ticket) -> dict[str, Any] | None:
    """When the parcels left and arrived, with every node their carriers reported; None without an order."""
    row = order_of(ticket)
    if row is None:
        return None
    parcels = Shipment.objects.filter(order=row).select_related("carrier").prefetch_related("nodes").order_by("pk")
    return {
        "order_no": row.order_no,
        "shipped_at": moment(row.shipped_at),
        "signed_at": moment(row.signed_at),
        "parcels": [_parcel(parcel) for parcel in parcels],
    }


def _parcel(row: Shipment) -> dict[str, Any]:
    return {
        "carrier": row.carrier.name,
        "tracking_no": row.tracking_no,
        "delivered_at": moment(row.delivered_at),
        "nodes": [
            {"kind": node.kind, "at": moment(node.at), "place": node.place, "text": node.text}
            for node in sorted(row.nodes.all(), key=lambda node: (node.at, node.pk))
        ],
    }
