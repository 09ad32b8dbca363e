"""What the shop answers."""

import json

from django.http import HttpRequest, HttpResponseRedirect, JsonResponse
from django.shortcuts import get_object_or_404

from catalogue.models import Item


def start(_: HttpRequest) -> HttpResponseRedirect:
    """Lead to what is sold today."""
    return HttpResponseRedirect("/items/1")


def read_item(_: HttpRequest, number: int) -> JsonResponse:
    """Show an item."""
    item = get_object_or_404(Item, id=number)
    return JsonResponse({"id": item.id, "name": item.name, "price": item.price})


def create_item(request: HttpRequest) -> JsonResponse:
    """Take an item into the range."""
    item = Item.objects.create(**json.loads(request.body))
    return JsonResponse({"id": item.id, "name": item.name, "price": item.price}, status=201)
