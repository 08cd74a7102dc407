"""JSON Schemas of the files below a rules folder, for editors to complete and check from."""

from nostop.app.editor_schema.build import FILES, editor_schemas
from nostop.app.editor_schema.write import as_text, default_folder, write_schemas

__all__ = ["FILES", "as_text", "default_folder", "editor_schemas", "write_schemas"]
