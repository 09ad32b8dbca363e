"""A suite that several machines share: whose part is which, by the seconds that its classes took before."""
