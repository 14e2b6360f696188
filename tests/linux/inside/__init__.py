"""What runs in the guest: `first` begins, and goes on with one of the others."""
