{ prefix: 'shop-' }
