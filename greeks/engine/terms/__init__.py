"""What is to be priced: a contract as a fold over a time grid."""
