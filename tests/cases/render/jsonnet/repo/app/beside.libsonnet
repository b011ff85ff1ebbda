{ names: ['one', 'two'] }
