"""What is in the database."""

from django.db import models


class Item(models.Model):
    """Something to sell."""

    id = models.BigAutoField(primary_key=True)
    name = models.CharField(max_length=50)
    price = models.FloatField()

    def __str__(self) -> str:
        return self.name
