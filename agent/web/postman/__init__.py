"""The API as a Postman collection: a folder for each tag, in an order in which every request can succeed."""
