"""Where it answers."""

from django.urls import path

from catalogue import views

urlpatterns = [
    path("", views.start),
    path("items", views.create_item),
    path("items/<int:number>", views.read_item),
]
