"""Recipes, on Piccolo."""

from fastapi import FastAPI, HTTPException
from piccolo.columns import ForeignKey, Serial, Varchar
from piccolo.engine.sqlite import SQLiteEngine, TransactionType
from piccolo.table import Table
from pydantic import BaseModel

DB = SQLiteEngine(path="recipes.sqlite")


class Recipe(Table, db=DB):
    """What is to be cooked."""

    id: Serial
    name = Varchar(length=100, unique=True)


class Ingredient(Table, db=DB):
    """What it is made of."""

    id: Serial
    recipe = ForeignKey(Recipe, null=False)
    name = Varchar(length=100)


TABLES = (Recipe, Ingredient)


class RecipeFields(BaseModel):
    """The body of ``POST /recipes``."""

    name: str
    ingredients: list[str]


app = FastAPI()


@app.post("/recipes", status_code=201)
async def create_recipe(body: RecipeFields) -> int:
    """Write a recipe down, with all that it takes or not at all."""
    async with DB.transaction(transaction_type=TransactionType.immediate):
        if await Recipe.exists().where(Recipe.name == body.name):
            raise HTTPException(409, f"there is a recipe for {body.name} already")
        recipe = Recipe(name=body.name)
        await recipe.save()
        for name in body.ingredients:
            if name == "poison":
                raise HTTPException(422, "nobody cooks with poison")
            await Ingredient(recipe=recipe, name=name).save()
    return int(recipe.id)


@app.get("/recipes/{recipe_id}/ingredients")
async def list_ingredients(recipe_id: int) -> list[str]:
    """List what a recipe takes."""
    names = Ingredient.select(Ingredient.name).where(Ingredient.recipe == recipe_id).order_by(Ingredient.name)
    return await names.output(as_list=True)
